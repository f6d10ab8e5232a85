// Package personal has personal access tokens as their owners see them: each is one
// authorization, with a name. Package authorization decides whether a token is alive.
package personal
