// Package matrix tries every event that ends or narrows a token at every door
// by which others verify one. Its tests fail as well if an event or a door is
// missing from the tables.
package matrix
