// Package config reads the settings of auth-api from the environment, once, at
// start. What is wrong is said in one line for every fault, with the name of
// the variable and what to write; no line holds a secret.
package config
