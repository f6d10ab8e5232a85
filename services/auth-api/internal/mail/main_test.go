package mail_test

import (
	"os"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }
