// Package devtest gives tests real stores: a fresh database of Postgres or
// Redis for each test, a proxy that breaks connections, and store processes of a
// test's own that may be killed or frozen.
//
// Where the stores come from: AUTH_TEST_DB_URL and SESSION_TEST_DB_URL, else a
// healthy container provider (official images), else programs on the machine.
// DEVTEST_SOURCE=container or binary takes only that one. A package that uses
// stores calls Main from its TestMain. Where there is no store, a test fails in
// CI (CI=true) and is skipped, with a sentence, elsewhere.
package devtest
