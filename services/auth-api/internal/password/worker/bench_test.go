package worker_test

import (
	"testing"

	"auth.books.test/services/auth-api/internal/password"
)

// BenchmarkDerive compares a hash in this process with one in a worker.
func BenchmarkDerive(b *testing.B) {
	for name, derive := range map[string]password.Derive{"in process": password.InProcess, "worker": newPool(b, "hash").Derive} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := derive(minimum()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
