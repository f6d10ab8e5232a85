// Package development holds the rules of what live development stands on, as
// tests: the Tiltfile, the images, the script in them, the script that brings
// Minikube up, and the workflow that runs all of it where the repository is hosted.
package development
