package export

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"auth.books.test/services/auth-api/internal/account"
	"auth.books.test/services/auth-api/internal/audit"
)

func accountOf(a account.Exported) Account {
	return Account{
		ID: a.ID.String(), Email: a.Email, VerifiedAt: utc(a.VerifiedAt), Name: a.Name, Status: string(a.Status), FirstSignInAt: utc(a.FirstSignInAt),
		PasswordChanges: a.PasswordVersion - 1, WrongPasswords: a.Misses, CreatedAt: a.CreatedAt.UTC(), UpdatedAt: a.UpdatedAt.UTC(),
	}
}

func (s *Service) sessions(ctx context.Context, a account.Exported, d *Document) error {
	listed, err := s.Sessions.List(ctx, a.ID)
	d.Sessions = make([]Session, len(listed))
	for n, l := range listed {
		d.Sessions[n] = Session{
			ID: l.ID.String(), Device: l.Device, Audiences: list(l.Audiences), Scopes: list(l.Scopes), Methods: list(l.AuthenticatedBy),
			AuthenticatedAt: l.AuthenticatedAt.UTC(), CreatedAt: l.CreatedAt.UTC(), UsedAt: l.UsedAt.UTC(), IdleExpiresAt: l.IdleExpiresAt.UTC(), ExpiresAt: l.ExpiresAt.UTC(),
		}
		if l.IP.IsValid() {
			d.Sessions[n].Address = l.IP.String()
		}
	}
	return err
}

func (s *Service) apps(ctx context.Context, a account.Exported, d *Document) error {
	consents, err := s.Consents.Consents(ctx, a.ID)
	if err != nil {
		return err
	}
	ids := make([]uuid.UUID, len(consents))
	for n, c := range consents {
		ids[n] = c.Client
	}
	names, err := s.Names.Names(ctx, ids)
	d.Apps = make([]App, len(consents))
	for n, c := range consents {
		d.Apps[n] = App{Client: c.Client.String(), Name: names[c.Client], Scopes: list(c.Scopes), Since: c.Since.UTC(), WithdrawnAt: utc(c.WithdrawnAt)}
	}
	return err
}

func (s *Service) tokens(ctx context.Context, a account.Exported, d *Document) error {
	listed, err := s.Tokens.List(ctx, a.ID)
	d.Tokens = make([]Token, len(listed))
	for n, t := range listed {
		d.Tokens[n] = Token{ID: t.ID.String(), Name: t.Name, Audiences: list(t.Audiences), Scopes: list(t.Scopes), CreatedAt: t.CreatedAt.UTC(), UsedAt: t.UsedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC()}
	}
	return err
}

func (s *Service) roles(ctx context.Context, a account.Exported, d *Document) error {
	held, err := s.Roles.Held(ctx, a.ID)
	d.Roles = make([]Role, len(held))
	for n, h := range held {
		d.Roles[n] = Role{API: h.Audience, Role: h.Role, Scopes: list(h.Scopes), Since: h.Since.UTC()}
	}
	return err
}

// events reads those of which the person is the subject, and then those of which only the
// actor is.
func (s *Service) events(ctx context.Context, a account.Exported, d *Document) error {
	var found []audit.Recorded
	complete := true
	for _, q := range []audit.Query{{Subject: a.ID}, {Actor: a.ID}} {
		q.Limit = eventsPage
		for range MaxEvents / eventsPage {
			page, next, err := s.Events.Events(ctx, q)
			if err != nil {
				return err
			}
			for _, e := range page {
				if q.Subject == a.ID || e.Subject.ID != a.ID {
					found = append(found, e)
				}
			}
			if q.After = next; next == (audit.Cursor{}) {
				break
			}
		}
		complete = complete && q.After == audit.Cursor{}
	}
	slices.SortStableFunc(found, func(one, other audit.Recorded) int {
		return cmp.Or(other.At.Compare(one.At), slices.Compare(other.ID[:], one.ID[:]))
	})
	d.Complete, d.Events = complete, make([]Event, len(found))
	for n, e := range found {
		d.Events[n] = eventOf(e)
	}
	return nil
}

func eventOf(e audit.Recorded) Event {
	v := Event{
		ID: e.ID.String(), At: e.At.UTC(), Verb: string(e.Verb), Outcome: string(e.Outcome), Reason: string(e.Reason), By: string(e.Actor.Kind),
		About: e.About, Address: e.Address, Device: e.Device, RequestID: e.RequestID, Count: e.Count,
	}
	if e.Session != uuid.Nil {
		v.Session = e.Session.String()
	}
	if e.Client != uuid.Nil {
		v.Client = e.Client.String()
	}
	if e.Count > 1 {
		v.Until = utc(e.Until)
	}
	return v
}

func (s *Service) mails(ctx context.Context, a account.Exported, d *Document) error {
	stored, err := s.Mails.About(ctx, a.ID, a.Email)
	d.Mails = make([]Mail, len(stored))
	for n, m := range stored {
		d.Mails[n] = Mail{
			ID: m.ID.String(), Kind: string(m.Kind), To: m.To, Language: m.Language, Data: []Datum{}, State: string(m.State), Tries: m.Tries, Problem: m.Problem,
			HandedOverAt: utc(m.HandedOverAt), CreatedAt: m.CreatedAt.UTC(),
		}
		for _, name := range slices.Sorted(maps.Keys(m.Data)) {
			d.Mails[n].Data = append(d.Mails[n].Data, Datum{name, m.Data[name]})
		}
	}
	return err
}

func (s *Service) codes(ctx context.Context, a account.Exported, d *Document) error {
	requested, err := s.Codes.About(ctx, a.ID, a.Email)
	d.Codes = make([]Code, len(requested))
	for n, r := range requested {
		d.Codes[n] = Code{Purpose: string(r.Purpose), Misses: r.Misses, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: utc(r.ExpiresAt), SpentAt: utc(r.SpentAt)}
	}
	return err
}

func (s *Service) factors(ctx context.Context, a account.Exported, d *Document) error {
	stored, err := s.Factors.About(ctx, a.ID)
	d.Factors = SecondFactors{Required: a.SecondFactor, RecoveryCodes: make([]RecoveryCode, len(stored.RecoveryCodes)), OpenSignIns: make([]OpenSignIn, len(stored.Challenges))}
	if t := stored.TOTP; t != nil {
		d.Factors.Authenticator = &Authenticator{CreatedAt: t.CreatedAt.UTC(), ConfirmedAt: utc(t.ConfirmedAt), LastUsedAt: utc(t.LastUsedAt), WrongCodes: t.Misses, WarnedAt: utc(t.WarnedAt)}
	}
	for n, c := range stored.RecoveryCodes {
		d.Factors.RecoveryCodes[n] = RecoveryCode{CreatedAt: c.CreatedAt.UTC(), SpentAt: utc(c.SpentAt)}
	}
	for n, c := range stored.Challenges {
		d.Factors.OpenSignIns[n] = OpenSignIn{Scopes: list(c.Scopes), ExpiresAt: c.ExpiresAt.UTC(), SpentAt: utc(c.SpentAt)}
		if c.Device != uuid.Nil {
			d.Factors.OpenSignIns[n].Device = c.Device.String()
		}
	}
	if err != nil {
		return err
	}
	keys, err := s.Passkeys.List(ctx, a.ID)
	d.Factors.Passkeys = make([]Passkey, len(keys))
	for n, k := range keys {
		d.Factors.Passkeys[n] = Passkey{ID: k.ID.String(), Name: k.Name, Synced: k.Synced, Proved: k.Proved, CreatedAt: k.CreatedAt.UTC(), LastUsedAt: utc(k.LastUsedAt), SuspectedAt: utc(k.SuspectedAt)}
	}
	return err
}

// utc is nil for the zero time.
func utc(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	at = at.UTC()
	return &at
}

// list makes a nil slice an empty one, which is [] in JSON and not null.
func list(l []string) []string {
	if l == nil {
		return []string{}
	}
	return l
}
