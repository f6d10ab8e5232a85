// Package config is the settings of auth-api: which there are, their defaults and
// bounds, and which cannot go together. Package setting reads them.
package config
