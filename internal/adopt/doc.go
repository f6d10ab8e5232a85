// Package adopt turns a clone of this repository into somebody's own: its module path,
// host names, registry, sealing keys and secrets.
package adopt
