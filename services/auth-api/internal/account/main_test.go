package account_test

import (
	"os"
	"testing"

	"auth.books.test/internal/devstack/devtest"
)

func TestMain(m *testing.M) { os.Exit(devtest.Main(m)) }

const (
	ada   = "ada@books.test"
	grace = "grace@books.test"

	first  = "violet teapot marches north"
	second = "seven quiet lanterns drift"
	third  = "a brass otter paints fences"
)
