// Package devtest provides real stores for tests: an empty database of Postgres or Redis for
// each test, a proxy that breaks connections, and store processes that a test may kill or
// freeze.
//
// The stores are those at AUTH_TEST_DB_URL and SESSION_TEST_DB_URL, otherwise official
// images if a container provider works, otherwise programs on the machine.
// DEVTEST_SOURCE=container or binary allows only that source. A package that uses stores
// calls Main in its TestMain. Without a store, a test fails in CI (CI=true), and is skipped
// with a message elsewhere.
package devtest
