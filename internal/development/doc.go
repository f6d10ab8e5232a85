// Package development names the kubectl contexts that development may change. Its
// tests hold the rules of what live development stands on: the Tiltfile, the
// images, the script in them, the scripts that bring the platform up on a cluster,
// and the workflow that runs all of it where the repository is hosted.
package development
