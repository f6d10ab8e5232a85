// Journey goes through an account's life with a client that was generated.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"os"
	"regexp"
	"slices"
	"time"
)

const (
	email       = "go@books.test"
	password    = "notes on the analytical engine"
	newPassword = "a bernoulli number, by a machine"
)

func main() {
	if err := run(context.Background(), os.Getenv("AUTH_URL"), os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET")); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url, id, secret string) error {
	api, err := NewClientWithResponses(url)
	if err != nil {
		return err
	}
	ready, err := api.ReadyzWithResponse(ctx)
	if err != nil || ready.JSON200 == nil || ready.JSON200.Stores.SessionDb != StoreStatesSessionDbUp {
		return fmt.Errorf("readyz: %v, %s", err, ready.Body)
	}
	asked, err := api.RegisterWithResponse(ctx, CodeRequestInputBody{Email: email})
	if err != nil || asked.JSON202 == nil {
		return fmt.Errorf("register: %v, %s", err, asked.Body)
	}
	code, err := mailedTo(ctx, email)
	if err != nil {
		return err
	}
	weak, err := api.ConfirmAccountWithResponse(ctx, asked.JSON202.Id, JoinInputBody{Code: code, Password: "short"})
	if err != nil || weak.ApplicationproblemJSON422 == nil || weak.ApplicationproblemJSON422.Code != ProblemCodeValidationFailed ||
		(*weak.ApplicationproblemJSON422.Errors)[0].Reason != ProblemFieldReasonTooShort {
		return fmt.Errorf("confirm with a weak password: %v, %s", err, weak.Body)
	}
	registered, err := api.ConfirmAccountWithResponse(ctx, asked.JSON202.Id, JoinInputBody{Code: code, Password: password})
	if err != nil || registered.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("confirm: %v, %s", err, registered.Body)
	}
	wrong, err := api.SignInWithResponse(ctx, SignInInputBody{Email: email, Password: newPassword})
	if err != nil || wrong.ApplicationproblemJSON401 == nil || wrong.ApplicationproblemJSON401.Code != ProblemCodeInvalidCredentials {
		return fmt.Errorf("sign in with another password: %v, %s", err, wrong.Body)
	}
	signedIn, err := api.SignInWithResponse(ctx, SignInInputBody{Email: email, Password: password})
	if err != nil || signedIn.JSON201 == nil || signedIn.JSON201.TokenType != SignInOutputBodyTokenTypeBearer {
		return fmt.Errorf("sign in: %v, %s", err, signedIn.Body)
	}
	token := signedIn.JSON201.AccessToken
	bearer := func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}
	basic := func(_ context.Context, r *http.Request) error {
		r.SetBasicAuth(id, secret)
		return nil
	}
	renamed, err := api.ChangeMeWithResponse(ctx, ChangeMeInputBody{Name: "Ada"}, bearer)
	if err != nil || renamed.JSON200 == nil || renamed.JSON200.Name != "Ada" {
		return fmt.Errorf("rename: %v, %s", err, renamed.Body)
	}
	me, err := api.MeWithResponse(ctx, bearer)
	if err != nil || me.JSON200 == nil || me.JSON200.Email != email || me.JSON200.Session != signedIn.JSON201.Session.Id {
		return fmt.Errorf("me: %v, %s", err, me.Body)
	}
	sessions, err := api.ListSessionsWithResponse(ctx, bearer)
	if err != nil || sessions.JSON200 == nil || len(sessions.JSON200.Sessions) != 1 || !sessions.JSON200.Sessions[0].Current {
		return fmt.Errorf("sessions: %v, %s", err, sessions.Body)
	}
	changed, err := api.ChangePasswordWithResponse(ctx, ChangePasswordInputBody{CurrentPassword: password, NewPassword: newPassword}, bearer)
	if err != nil || changed.StatusCode() != http.StatusNoContent {
		return fmt.Errorf("change the password: %v, %s", err, changed.Body)
	}
	dead, err := api.IntrospectWithFormdataBodyWithResponse(ctx, IntrospectFormdataRequestBody{Token: token}, basic)
	if err != nil || dead.JSON200 == nil || dead.JSON200.Active {
		return fmt.Errorf("introspect a token for another API: %v, %s", err, dead.Body)
	}
	stranger, err := api.IntrospectWithFormdataBodyWithResponse(ctx, IntrospectFormdataRequestBody{Token: token})
	if err != nil || stranger.JSON401 == nil || stranger.JSON401.Error != OauthErrorErrorInvalidClient || stranger.HTTPResponse.Header.Get("WWW-Authenticate") == "" {
		return fmt.Errorf("introspect without credentials: %v, %s", err, stranger.Body)
	}
	many, err := api.IntrospectBatchWithResponse(ctx, IntrospectBatchJSONRequestBody{Tokens: []string{token, "nonsense"}}, basic)
	if err != nil || many.JSON200 == nil || len(many.JSON200.Results) != 2 {
		return fmt.Errorf("introspect both: %v, %s", err, many.Body)
	}
	revoked, err := api.RevokeWithFormdataBodyWithResponse(ctx, RevokeFormdataRequestBody{Token: token})
	if err != nil || revoked.StatusCode() != http.StatusOK {
		return fmt.Errorf("revoke: %v, %s", err, revoked.Body)
	}
	over, err := api.MeWithResponse(ctx, bearer)
	if err != nil || over.ApplicationproblemJSON401 == nil || over.ApplicationproblemJSON401.Code != ProblemCodeInvalidToken || over.Headers401.WWWAuthenticate == "" {
		return fmt.Errorf("me with a revoked token: %v, %s", err, over.Body)
	}
	return nil
}

var mailedCode = regexp.MustCompile(`(?m)^\s+([B-Z]{4}-[B-Z]{4})$`)

// mailedTo waits for the code that is mailed to an address.
func mailedTo(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, os.Getenv("MAILBOX_URL")+".json", nil)
		if err != nil {
			return "", err
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			return "", err
		}
		var all struct {
			Mails []struct {
				To   []string
				Text string
			}
		}
		err = json.NewDecoder(response.Body).Decode(&all)
		_ = response.Body.Close()
		if err != nil {
			return "", err
		}
		for _, m := range all.Mails {
			if code := mailedCode.FindStringSubmatch(m.Text); code != nil && slices.Contains(m.To, address) {
				return code[1], nil
			}
		}
	}
	return "", fmt.Errorf("no mail to %s", address)
}
