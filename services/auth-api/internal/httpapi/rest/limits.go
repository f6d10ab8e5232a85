package rest

import (
	"github.com/danielgtaylor/huma/v2"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/httpapi/openapi"
	"auth.books.test/services/auth-api/internal/httpapi/route"
	"auth.books.test/services/auth-api/internal/password"
	"auth.books.test/services/auth-api/internal/personal"
)

// describeLimits writes the limits that the packages account and password enforce into
// the document. It uses extensions, which huma ignores. Otherwise huma would enforce them
// first, with less helpful messages, and would count characters where they count bytes.
func describeLimits(doc openapi.Document) {
	limit := func(schema *huma.Schema, limits map[string]any) { schema.Extensions = limits }
	property := func(schema, name string) *huma.Schema { return doc.Components.Schemas.Map()[schema].Properties[name] }

	newPassword := map[string]any{"minLength": password.MinLength, "maxLength": password.MaxBytes, "format": "password"}
	secret := map[string]any{"format": "password"}
	limit(property("ChangePasswordInputBody", "new_password"), newPassword)
	limit(property("ChangePasswordInputBody", "current_password"), secret)
	limit(property("SignInInputBody", "password"), secret)
	limit(property("DeleteMeInputBody", "password"), secret)
	limit(property("ChangeMeInputBody", "name"), map[string]any{"maxLength": account.MaxName})
	limit(property("CodeRequestInputBody", "email"), map[string]any{"format": "email", "maxLength": account.MaxEmail})
	limit(property("ResetInputBody", "new_password"), newPassword)
	limit(property("JoinInputBody", "password"), newPassword)
	limit(property("CreateTokenInputBody", "name"), map[string]any{"maxLength": personal.MaxName})
	for _, parameter := range doc.Paths[route.Session].Delete.Parameters {
		limit(parameter.Schema, map[string]any{"format": "uuid"})
	}
}
