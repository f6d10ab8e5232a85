// Package fiberbearer is the middleware of package bearer for Fiber.
package fiberbearer
