package worker_test

import (
	"testing"

	"auth.books.test/services/auth-api/internal/password"
)

// What a worker costs more than a call here.
func BenchmarkDerive(b *testing.B) {
	for name, derive := range map[string]password.Derive{"here": password.Argon2id, "worker": newTeam(b, "hash").Derive} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := derive(least()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
