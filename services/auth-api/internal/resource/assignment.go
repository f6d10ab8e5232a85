package resource

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/audit"
	"auth.books.test/services/auth-api/internal/authorization"
	"auth.books.test/services/auth-api/internal/fault"
)

// Assign assigns a role to the account or the client that who names: by its id; an account
// also by its address if that is verified. Otherwise whoever registered the address first
// would get the role. When it returns, live tokens that were issued with scopes of the role
// have them again; other tokens get them at the next sign-in. Assigning a role twice is no
// error. Faults: account_not_found, email_not_verified, api_not_found, role_not_found,
// store_unavailable, change_under_way.
func (s *Service) Assign(ctx context.Context, who, audience, role string) error {
	subject, verified, err := s.find(ctx, who)
	if err == nil && !verified {
		err = fault.New(fault.EmailNotVerified, "Nobody has proved that this address is the account's, so somebody else may have registered it. "+
			"Name the account by its id ("+subject.ID.String()+") if you know that it is the right one, mark the address as proved with account verify, or use --unverified-email.")
	}
	if err != nil {
		return fmt.Errorf("assign role: %w", err)
	}
	return s.assignments(ctx, "assign role", audit.AssignRole, assign, subject, audience, role)
}

// AssignUnverified is Assign for whoever registered the address first, which is not
// necessarily its owner. Faults: those of Assign, but not email_not_verified.
func (s *Service) AssignUnverified(ctx context.Context, who, audience, role string) error {
	subject, _, err := s.find(ctx, who)
	if err != nil {
		return fmt.Errorf("assign role: %w", err)
	}
	return s.assignments(ctx, "assign role", audit.AssignRole, assign, subject, audience, role)
}

// Unassign removes a role from the account or the client that who names, by its id or by an
// account's address, verified or not: nobody gains by it. When it returns, the scopes of the
// role are removed from live tokens. Removing it twice is no error. Faults: those of
// AssignUnverified.
func (s *Service) Unassign(ctx context.Context, who, audience, role string) error {
	subject, _, err := s.find(ctx, who)
	if err != nil {
		return fmt.Errorf("remove role: %w", err)
	}
	return s.assignments(ctx, "remove role", audit.UnassignRole, unassign, subject, audience, role)
}

// find returns the account or the client with an id, or the account with an address. An id
// has nothing to verify.
func (s *Service) find(ctx context.Context, who string) (subject authorization.Subject, verified bool, err error) {
	id, err := uuid.Parse(who)
	if err != nil {
		id, verified, err = s.accounts.Find(ctx, who)
		return authorization.Account(id), verified, err
	}
	err = s.accounts.Check(ctx, id)
	if fault.CodeOf(err) != fault.AccountNotFound {
		return authorization.Account(id), true, err
	}
	if err = s.clients.Check(ctx, id); fault.CodeOf(err) == fault.ClientNotFound {
		err = fault.New(fault.AccountNotFound, "There is neither an account nor a client with this id.")
	}
	return authorization.Subject{ID: id, Client: true}, true, err
}

type changeAssignment func(ctx context.Context, tx pgx.Tx, subject, role uuid.UUID) error

func (s *Service) assignments(ctx context.Context, what string, verb audit.Verb, change changeAssignment, subject authorization.Subject, audience, role string) error {
	err := s.authorizations.ChangeAssignments(ctx, subject, audit.Event{Verb: verb, About: audience + "/" + role}, func(ctx context.Context, tx *authorization.Tx) error {
		if tx.IsErasing() {
			return fault.New(fault.AccountNotFound, "There is no such account.")
		}
		api, _, err := readAPI(ctx, tx, audience, []string{})
		if err != nil {
			return err
		}
		id, err := readRole(ctx, tx, api, role)
		if err != nil {
			return err
		}
		if err := change(ctx, tx, subject.ID, id); err != nil {
			return err
		}
		return tx.Rewrite(ctx)
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
