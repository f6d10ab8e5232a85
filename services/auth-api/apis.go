package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"auth.books.test/services/auth-api/internal/config"
	"auth.books.test/services/auth-api/internal/fault"
)

// withParts runs a command that needs the stores, and prints what it says.
func withParts(work func(ctx context.Context, p *parts, args []string) (said string, err error)) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		settings, err := config.Load()
		if err != nil {
			return err
		}
		p, err := assemble(cmd.Context(), settings, discardLog())
		if err != nil {
			return err
		}
		defer p.close()
		said, err := work(cmd.Context(), p, args)
		if said != "" {
			// Also with an error: it may be all that will ever be told of a secret.
			if _, failed := fmt.Fprintln(cmd.OutOrStdout(), said); failed != nil {
				return failed
			}
		}
		return explained(err)
	}
}

// explained says what a failure means for what was asked for, before its cause.
func explained(err error) error {
	if f := (*fault.Error)(nil); errors.As(err, &f) && f.Unwrap() != nil {
		return fmt.Errorf("%s (%w)", f.Detail, err)
	}
	return err
}

const laterHint = "Tokens have it from the next sign-in on."

func apiCommand() *cobra.Command {
	command := &cobra.Command{Use: "api", Short: "Make an API known: its audience and its scopes"}
	var scopes []string
	create := &cobra.Command{Use: "create AUDIENCE --scope SCOPE...", Short: "Make an API known", Args: cobra.ExactArgs(1),
		RunE: withParts(func(ctx context.Context, p *parts, args []string) (string, error) {
			err := p.resources.Create(ctx, args[0], scopes)
			return okay(err, "The API %s offers %q.", args[0], scopes)
		})}
	set := &cobra.Command{Use: "set AUDIENCE --scope SCOPE...", Short: "Change what an API offers; what is left out ends in roles and in live tokens", Args: cobra.ExactArgs(1),
		RunE: withParts(func(ctx context.Context, p *parts, args []string) (string, error) {
			err := p.resources.SetScopes(ctx, args[0], scopes)
			return okay(err, "The API %s offers %q.", args[0], scopes)
		})}
	for _, c := range []*cobra.Command{create, set} {
		scopesFlag(c, &scopes, "a scope that the API offers, such as books:read")
		command.AddCommand(c)
	}
	return command
}

func roleCommand() *cobra.Command {
	command := &cobra.Command{Use: "role", Short: "Bundle scopes of an API, and grant them to accounts"}
	var scopes []string
	create := &cobra.Command{Use: "create AUDIENCE ROLE --scope SCOPE...", Short: "Make a role", Args: cobra.ExactArgs(2),
		RunE: withParts(func(ctx context.Context, p *parts, args []string) (string, error) {
			err := p.resources.CreateRole(ctx, args[0], args[1], scopes)
			return okay(err, "The role %s of %s has %q.", args[1], args[0], scopes)
		})}
	set := &cobra.Command{Use: "set AUDIENCE ROLE --scope SCOPE...", Short: "Change the scopes of a role; what is left out ends in live tokens", Args: cobra.ExactArgs(2),
		RunE: withParts(func(ctx context.Context, p *parts, args []string) (string, error) {
			err := p.resources.SetRole(ctx, args[0], args[1], scopes)
			return okay(err, "The role %s of %s has %q. What is new, tokens have from the next sign-in on.", args[1], args[0], scopes)
		})}
	for _, c := range []*cobra.Command{create, set} {
		scopesFlag(c, &scopes, "a scope of the role, one that the API offers")
		command.AddCommand(c)
	}
	command.AddCommand(
		&cobra.Command{Use: "grant EMAIL AUDIENCE ROLE", Short: "Give a role to an account", Args: cobra.ExactArgs(3),
			RunE: withParts(func(ctx context.Context, p *parts, args []string) (string, error) {
				err := p.resources.Assign(ctx, args[0], args[1], args[2])
				return okay(err, "The account is %s of %s. %s", args[2], args[1], laterHint)
			})},
		&cobra.Command{Use: "revoke EMAIL AUDIENCE ROLE", Short: "Take a role from an account, and from its live tokens", Args: cobra.ExactArgs(3),
			RunE: withParts(func(ctx context.Context, p *parts, args []string) (string, error) {
				err := p.resources.Unassign(ctx, args[0], args[1], args[2])
				return okay(err, "The account is not %s of %s any more.", args[2], args[1])
			})},
	)
	return command
}

func scopesFlag(c *cobra.Command, scopes *[]string, usage string) {
	c.Flags().StringArrayVar(scopes, "scope", nil, usage+"; may be given several times")
	_ = c.MarkFlagRequired("scope")
}

// okay says what was done, if it was.
func okay(err error, format string, args ...any) (string, error) {
	if err != nil {
		return "", err
	}
	return fmt.Sprintf(format, args...), nil
}
