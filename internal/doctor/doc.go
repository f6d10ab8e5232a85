// Package doctor looks at an environment, in the repository and in its cluster, and
// names each problem in a line with the command that fixes it. A problem that
// follows from another one is not reported.
package doctor
