// Package scaffold makes a service that verifies tokens: it copies helloworld under another
// name, wherever the repository has a folder of that name.
package scaffold
