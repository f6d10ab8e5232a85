// Package servicetest gives tests the services as they are released: built programs
// that run as processes, with the stores and the settings of one test.
//
// A package that uses it calls Main or devtest.Main from its TestMain, which remove what was
// built.
package servicetest
