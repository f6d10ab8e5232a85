// Package surface sends random requests to every operation of auth-api's OpenAPI document,
// valid ones and bad ones, with tokens, ids and secrets that it got before, alive or ended.
// Every answer is held against the document.
package surface
