// Package config has the settings of auth-api: their names, defaults and bounds, and which
// combinations are refused. Package setting reads them.
package config
