package export

import "time"

// Document is what is stored about a person. It holds no secret, and no hash of one.
type Document struct {
	ExportedAt time.Time     `json:"exported_at"`
	Account    Account       `json:"account"`
	Sessions   []Session     `json:"sessions" nullable:"false" doc:"Live sign-ins, newest first"`
	Apps       []App         `json:"apps" nullable:"false" doc:"Apps that were let in, also those that were ended"`
	Tokens     []Token       `json:"personal_tokens" nullable:"false" doc:"Live personal access tokens, without the tokens themselves"`
	Roles      []Role        `json:"roles" nullable:"false"`
	Events     []Event       `json:"events" nullable:"false" doc:"What the person did, and what was done with the account, newest first"`
	Complete   bool          `json:"events_complete" doc:"Whether these are all events: of 10,000 and more, the oldest are left out"`
	Mails      []Mail        `json:"mails" nullable:"false" doc:"Mails of the last 30 days: those that wait, and what became of the others"`
	Factors    SecondFactors `json:"second_factors"`
	Codes      []Code        `json:"codes" nullable:"false" doc:"One-time codes that were asked for in the last day, without the codes themselves"`
}

// Account is the person's own row.
type Account struct {
	ID         string     `json:"id" format:"uuid"`
	Email      string     `json:"email"`
	VerifiedAt *time.Time `json:"email_verified_at,omitempty" doc:"When the address was proved to be the person's; absent if it was not"`
	Name       string     `json:"name"`
	Status     string     `json:"status" enum:"active,disabled"`
	// FirstSignInAt is absent for accounts older than this column.
	FirstSignInAt   *time.Time `json:"first_sign_in_at,omitempty"`
	PasswordChanges int64      `json:"password_changes" doc:"How often the password was changed"`
	WrongPasswords  int        `json:"wrong_passwords" doc:"How many wrong ones were typed since the last right one"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
}

// Session is a sign-in.
type Session struct {
	ID              string    `json:"id" format:"uuid"`
	Device          string    `json:"device" doc:"User agent at the sign-in"`
	Address         string    `json:"address,omitempty" doc:"Address at the sign-in"`
	Audiences       []string  `json:"audiences" nullable:"false"`
	Scopes          []string  `json:"scopes" nullable:"false"`
	Methods         []string  `json:"authentication_methods" nullable:"false" doc:"How the person signed in (RFC 8176)"`
	AuthenticatedAt time.Time `json:"authenticated_at"`
	CreatedAt       time.Time `json:"created_at"`
	UsedAt          time.Time `json:"used_at"`
	IdleExpiresAt   time.Time `json:"idle_expires_at"`
	ExpiresAt       time.Time `json:"expires_at"`
}

// App is a client that the person has let in.
type App struct {
	Client      string     `json:"client_id" format:"uuid"`
	Name        string     `json:"name,omitempty" doc:"What the app calls itself; absent if it was disabled"`
	Scopes      []string   `json:"scopes" nullable:"false"`
	Since       time.Time  `json:"since" doc:"When the person was first asked"`
	WithdrawnAt *time.Time `json:"withdrawn_at,omitempty" doc:"When the person ended it"`
}

// Token is a personal access token.
type Token struct {
	ID        string    `json:"id" format:"uuid"`
	Name      string    `json:"name"`
	Audiences []string  `json:"audiences" nullable:"false"`
	Scopes    []string  `json:"scopes" nullable:"false"`
	CreatedAt time.Time `json:"created_at"`
	UsedAt    time.Time `json:"used_at"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Role is one that the person has at an API.
type Role struct {
	API    string    `json:"api"`
	Role   string    `json:"role"`
	Scopes []string  `json:"scopes" nullable:"false"`
	Since  time.Time `json:"since"`
}

// Event is an act that the person did, or that was done with the account.
type Event struct {
	ID        string     `json:"id" format:"uuid"`
	At        time.Time  `json:"at"`
	Verb      string     `json:"verb"`
	Outcome   string     `json:"outcome" enum:"done,refused"`
	Reason    string     `json:"reason,omitempty"`
	By        string     `json:"by" enum:"account,client,command,nobody"`
	About     string     `json:"about,omitempty"`
	Address   string     `json:"address,omitempty"`
	Device    string     `json:"device,omitempty"`
	Session   string     `json:"session,omitempty" format:"uuid"`
	Client    string     `json:"client_id,omitempty" format:"uuid"`
	RequestID string     `json:"request_id,omitempty"`
	Count     int64      `json:"count"`
	Until     *time.Time `json:"until,omitempty"`
}

// Mail is a message to the person.
type Mail struct {
	ID           string     `json:"id" format:"uuid"`
	Kind         string     `json:"kind"`
	To           string     `json:"to,omitempty" doc:"Absent when it was sent or dropped: then the address is stored no more"`
	Language     string     `json:"language,omitempty"`
	Data         []Datum    `json:"data" nullable:"false" doc:"What its text speaks of"`
	State        string     `json:"state" enum:"waiting,sending,sent,unknown,failed,dropped"`
	Tries        int        `json:"tries"`
	Problem      string     `json:"problem,omitempty"`
	HandedOverAt *time.Time `json:"handed_over_at,omitempty"`
	CreatedAt    time.Time  `json:"created_at"`
}

// Datum is a parameter of a mail's text, such as the address of a sign-in.
type Datum struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SecondFactors are what a sign-in asks for after the password.
type SecondFactors struct {
	Required      bool           `json:"required" doc:"Whether a sign-in needs a second step"`
	Authenticator *Authenticator `json:"authenticator_app,omitempty"`
	Passkeys      []Passkey      `json:"passkeys" nullable:"false"`
	RecoveryCodes []RecoveryCode `json:"recovery_codes" nullable:"false"`
	OpenSignIns   []OpenSignIn   `json:"open_sign_ins" nullable:"false" doc:"Those of the last minutes whose password was right"`
}

// Authenticator is an app that shows codes.
type Authenticator struct {
	CreatedAt   time.Time  `json:"created_at"`
	ConfirmedAt *time.Time `json:"confirmed_at,omitempty" doc:"Absent as long as nothing asks for it"`
	LastUsedAt  *time.Time `json:"last_used_at,omitempty" doc:"When the last code was shown that was accepted"`
	WrongCodes  int        `json:"wrong_codes" doc:"How many were typed since the last right one"`
	WarnedAt    *time.Time `json:"warned_at,omitempty" doc:"When a mail told of a wrong code"`
}

// Passkey is a key on a device.
type Passkey struct {
	ID          string     `json:"id" format:"uuid"`
	Name        string     `json:"name"`
	Synced      bool       `json:"synced" doc:"Whether a copy is kept elsewhere"`
	Proved      bool       `json:"proved" doc:"Whether it counts as a second factor"`
	CreatedAt   time.Time  `json:"created_at"`
	LastUsedAt  *time.Time `json:"last_used_at,omitempty"`
	SuspectedAt *time.Time `json:"suspected_at,omitempty" doc:"When it was last used as a copy is used"`
}

// RecoveryCode is a code for who has lost the app.
type RecoveryCode struct {
	CreatedAt time.Time  `json:"created_at"`
	SpentAt   *time.Time `json:"spent_at,omitempty"`
}

// OpenSignIn is a sign-in that waits, or waited, for its second step.
type OpenSignIn struct {
	Scopes    []string   `json:"scopes" nullable:"false"`
	Device    string     `json:"device,omitempty" format:"uuid" doc:"The device, if it was known"`
	ExpiresAt time.Time  `json:"expires_at"`
	SpentAt   *time.Time `json:"spent_at,omitempty"`
}

// Code is a request for a one-time code.
type Code struct {
	Purpose   string     `json:"purpose"`
	Misses    int        `json:"misses" doc:"How many wrong codes were typed"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
	SpentAt   *time.Time `json:"spent_at,omitempty" doc:"When it was used, or became void"`
}
