package request

import "github.com/gofiber/fiber/v2"

// Method is a method as a label of metrics and log lines: one of a closed list, or
// "other".
func Method(method string) string {
	switch method {
	case fiber.MethodGet, fiber.MethodHead, fiber.MethodPost, fiber.MethodPut, fiber.MethodPatch, fiber.MethodDelete, fiber.MethodOptions:
		return method
	default:
		return "other"
	}
}
