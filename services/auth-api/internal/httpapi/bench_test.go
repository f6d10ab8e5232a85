package httpapi_test

import (
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// BenchmarkVerify measures GET /verify without the network and without the verifier.
// BenchmarkEmpty is Fiber's empty answer, to compare it with.
func BenchmarkVerify(b *testing.B) {
	d := newDoor(b)
	serve(b, d.server.Handler(), "/verify?api=books&scope=books:read")
}

func BenchmarkEmpty(b *testing.B) {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, Immutable: true})
	app.Get("/", func(c *fiber.Ctx) error { return c.SendStatus(fiber.StatusNoContent) })
	serve(b, app.Handler(), "/")
}

func serve(b *testing.B, handler fasthttp.RequestHandler, uri string) {
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		ctx := get(uri)
		for pb.Next() {
			ctx.Response.Reset()
			handler(ctx)
			if status := ctx.Response.StatusCode(); status != 204 {
				b.Fatal(status)
			}
		}
	})
}

// get is a request with a token.
func get(uri string) *fasthttp.RequestCtx {
	ctx := &fasthttp.RequestCtx{}
	ctx.Request.Header.SetMethod("GET")
	ctx.Request.SetRequestURI(uri)
	ctx.Request.Header.Set("Authorization", "Bearer "+token)
	return ctx
}
