package httpapi

import (
	"encoding/json"
	"fmt"

	"github.com/gofiber/fiber/v2"
)

// serveDocument serves the OpenAPI document, and its form for tools that know 3.0.
func (s *Server) serveDocument() error {
	doc := s.api.OpenAPI()
	for path, render := range map[string]func() ([]byte, error){
		"/openapi.json": func() ([]byte, error) { return json.Marshal(doc) }, "/openapi-3.0.json": doc.Downgrade,
	} {
		if err := s.serveText(path, "application/openapi+json", render); err != nil {
			return err
		}
	}
	for path, render := range map[string]func() ([]byte, error){"/openapi.yaml": doc.YAML, "/openapi-3.0.yaml": doc.DowngradeYAML} {
		if err := s.serveText(path, "application/openapi+yaml", render); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) serveText(path, mediaType string, render func() ([]byte, error)) error {
	text, err := render()
	if err != nil {
		return fmt.Errorf("render %s: %w", path, err)
	}
	s.app.Get(path, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, mediaType)
		return c.Send(text)
	})
	return nil
}
