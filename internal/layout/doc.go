// Package layout holds the rules of who may import whom, as tests.
package layout
