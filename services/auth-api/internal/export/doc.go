// Package export gathers everything that is stored about a person, for that person (GDPR,
// articles 15 and 20). Each package gives what its own tables hold; what is left out, and why,
// is in TestExportHasEverythingThatIsStoredAboutAPerson.
package export
