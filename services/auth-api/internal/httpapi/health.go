package httpapi

import (
	"net/http"

	"github.com/gofiber/fiber/v2"
)

type healthAnswer struct {
	Status string            `json:"status"`
	Stores map[string]string `json:"stores"`
	Schema string            `json:"schema"`
	// Problems say, by store, what is wrong and what to do.
	Problems map[string]string `json:"problems,omitempty"`
}

// livez says that the process answers; it asks no store, since a restart would
// not mend one.
func (s *Server) livez(c *fiber.Ctx) error { return c.JSON(map[string]string{"status": "ok"}) }

// readyz says whether requests should be sent here. Without Redis nothing can
// be verified. Without Postgres, with one in which writes do not work, or with a
// Redis that takes no writes or may lose records, verification goes on, so that is
// "degraded" and still ready.
func (s *Server) readyz(c *fiber.Ctx) error {
	r := s.Health.Check(c.UserContext())
	answer := healthAnswer{Status: "ok", Schema: r.Schema, Stores: map[string]string{"auth-db": upDown(r.AuthDB), "session-db": upDown(r.SessionDB)}}
	status := http.StatusOK
	problems := map[string]string{}
	if r.AuthDBProblem != "" {
		problems["auth-db"] = r.AuthDBProblem
	}
	if !r.AuthDB || len(problems) > 0 || r.SessionProblem != "" {
		answer.Status = "degraded"
	}
	if r.SessionProblem != "" {
		problems["session-db"] = r.SessionProblem
		if r.SessionDB {
			answer.Stores["session-db"] = "degraded"
		}
	}
	answer.Problems = problems
	switch {
	case s.draining.Load():
		answer.Status, status = "stopping", http.StatusServiceUnavailable
	case !r.SessionDB, !r.SchemaSeen, r.AuthDB && r.Schema != "current":
		answer.Status, status = "unavailable", http.StatusServiceUnavailable
	}
	return c.Status(status).JSON(answer)
}

func upDown(up bool) string {
	if up {
		return "up"
	}
	return "down"
}
