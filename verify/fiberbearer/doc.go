// Package fiberbearer is package bearer for Fiber.
package fiberbearer
