package httpapi

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
)

// aliveAnswer is the body of /livez.
type aliveAnswer struct {
	Status string `json:"status" enum:"ok"`
}

// readyAnswer is the body of /readyz.
type readyAnswer struct {
	Status   string        `json:"status" enum:"ok,degraded,unavailable,stopping" doc:"With ok and degraded, requests should be sent here"`
	Stores   storeStates   `json:"stores"`
	Schema   string        `json:"schema" doc:"current, unknown (auth-db did not answer), or what the schema lacks"`
	Problems storeProblems `json:"problems,omitzero"`
}

type storeStates struct {
	AuthDB    string `json:"auth-db" enum:"up,down"`
	SessionDB string `json:"session-db" enum:"up,degraded,down"`
}

type storeProblems struct {
	AuthDB    string `json:"auth-db,omitempty" doc:"What is wrong with it and what to do"`
	SessionDB string `json:"session-db,omitempty" doc:"What is wrong with it and what to do"`
}

// addHealth adds the probes and describes them.
func (s *Server) addHealth(doc openapi.Document) {
	s.app.Get(route.Live, s.livez)
	s.app.Get(route.Ready, s.readyz)
	alive, ready := doc.Success("The process answers", aliveAnswer{}), doc.Success("Requests should be sent here", readyAnswer{})
	doc.Problems(alive, openapi.Anywhere()...)
	doc.Problems(ready, openapi.Anywhere()...)
	elsewhere := ready["503"]
	elsewhere.Description = "Requests should be sent elsewhere: a store is down, the process is about to stop, or too many connections are open (busy)"
	elsewhere.Content["application/json"] = ready["200"].Content["application/json"]
	elsewhere.Headers["Retry-After"].Required = false
	doc.AddOperation(&huma.Operation{
		OperationID: "livez", Method: "GET", Path: route.Live, Tags: []string{"Health"}, Security: openapi.Open(),
		Summary: "Whether the process answers", Description: "Stores are not checked.", Responses: alive,
	})
	doc.AddOperation(&huma.Operation{
		OperationID: "readyz", Method: "GET", Path: route.Ready, Tags: []string{"Health"}, Security: openapi.Open(),
		Summary: "Whether requests should be sent here", Description: "degraded is answered with 200: tokens are verified, but sign-ins and changes may fail.", Responses: ready,
	})
}

// livez says that the process answers. It checks no store, since restarting this
// process would not repair one.
func (s *Server) livez(c *fiber.Ctx) error { return c.JSON(aliveAnswer{"ok"}) }

// readyz says whether requests should be sent here. Without Redis no token can be
// verified, so the answer is 503. While Postgres is down or read-only, or Redis refuses
// writes or may lose records, tokens are still verified: that is "degraded", with 200.
func (s *Server) readyz(c *fiber.Ctx) error {
	r := s.Health.Check(c.UserContext())
	answer := readyAnswer{
		Status: "ok", Schema: r.Schema, Stores: storeStates{upDown(r.AuthDB), upDown(r.SessionDB)},
		Problems: storeProblems{r.AuthDBProblem, r.SessionProblem},
	}
	status := http.StatusOK
	if !r.AuthDB || answer.Problems != (storeProblems{}) {
		answer.Status = "degraded"
	}
	if r.SessionProblem != "" && r.SessionDB {
		answer.Stores.SessionDB = "degraded"
	}
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
