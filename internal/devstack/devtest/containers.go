package devtest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/testcontainers/testcontainers-go"
	tcpostgres "github.com/testcontainers/testcontainers-go/modules/postgres"
	tcredis "github.com/testcontainers/testcontainers-go/modules/redis"

	"auth.books.test/internal/devstack"
)

// containersWork reports quickly whether a container provider answers. Testcontainers itself
// takes seconds if there is none.
func containersWork(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if os.Getenv("DOCKER_HOST") == "" {
		if _, err := exec.LookPath("docker"); err != nil {
			return false
		}
		if exec.CommandContext(ctx, "docker", "info").Run() != nil {
			return false
		}
	}
	provider, err := testcontainers.NewDockerProvider()
	if err != nil {
		return false
	}
	defer provider.Close()
	return provider.Health(ctx) == nil
}

func postgresContainer(ctx context.Context) (*devstack.Store, error) {
	c, err := tcpostgres.Run(ctx, image("DEVSTACK_POSTGRES_IMAGE", "postgres:18-alpine"), tcpostgres.BasicWaitStrategies(),
		tcpostgres.WithDatabase("auth"), tcpostgres.WithUsername("auth"), tcpostgres.WithPassword("auth"),
		testcontainers.WithCmd("postgres", "-c", "fsync=off", "-c", "max_connections=1000"))
	if err != nil {
		return nil, fmt.Errorf("start a Postgres container: %w", err)
	}
	u, err := c.ConnectionString(ctx, "sslmode=disable")
	return store(u, err, c)
}

func redisContainer(ctx context.Context) (*devstack.Store, error) {
	c, err := tcredis.Run(ctx, image("DEVSTACK_REDIS_IMAGE", "redis:8-alpine"),
		testcontainers.WithCmd("redis-server", "--databases", number(redisDatabases), "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--save", ""))
	if err != nil {
		return nil, fmt.Errorf("start a Redis container: %w", err)
	}
	u, err := c.ConnectionString(ctx)
	return store(u, err, c)
}

func store(url string, err error, c testcontainers.Container) (*devstack.Store, error) {
	if err != nil {
		_ = testcontainers.TerminateContainer(c)
		return nil, fmt.Errorf("find the container's address: %w", err)
	}
	return devstack.Running(url, "a container", func() error { return testcontainers.TerminateContainer(c) }), nil
}

func image(variable, otherwise string) string {
	if set := os.Getenv(variable); set != "" {
		return set
	}
	return otherwise
}
