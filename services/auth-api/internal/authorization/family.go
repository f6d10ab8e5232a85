package authorization

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"auth.books.test/services/auth-api/internal/refresh"
)

const (
	// refreshGrace is how long after a refresh the same token gets the same successor again, by
	// the clock of Postgres: its answer may have been lost, or two tabs have refreshed at once.
	refreshGrace = 30 * time.Second
	// maxRotations is how many refreshes within the grace window are known. An app that
	// refreshes more often than every two seconds is not one that lost answers.
	maxRotations = 16
)

// family is the state of an authorization's refresh tokens.
type family struct {
	generation uint32
	hash       refresh.Hash // of the newest token
	// recent are the refreshes within the grace window, the oldest first.
	recent []rotation
	// now is the clock of Postgres.
	now time.Time
}

// rotation is one refresh: which token was presented, and what its successor was drawn with.
type rotation struct {
	generation uint32
	hash       refresh.Hash
	nonce      [refresh.NonceSize]byte
	at         time.Time
}

// rotationSize is the number of bytes of a rotation in Postgres.
const rotationSize = 4 + len(refresh.Hash{}) + refresh.NonceSize + 8

func (r rotation) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, r.generation)
	b = append(append(b, r.hash[:]...), r.nonce[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(r.at.UnixMicro()))
}

func decodeRotations(b []byte) (all []rotation, err error) {
	if len(b)%rotationSize != 0 {
		return nil, errors.New("the refreshes of a family have a wrong size")
	}
	for one := range slices.Chunk(b, rotationSize) {
		all = append(all, rotation{
			generation: binary.BigEndian.Uint32(one), hash: refresh.Hash(one[4:36]), nonce: [refresh.NonceSize]byte(one[36:68]),
			at: time.UnixMicro(int64(binary.BigEndian.Uint64(one[68:]))),
		})
	}
	return all, nil
}

// lockFamily locks and reads the refresh tokens of an authorization. Fault: invalid_grant (it
// has none).
func lockFamily(ctx context.Context, tx pgx.Tx, authorization uuid.UUID) (f family, err error) {
	var hash, rotations []byte
	err = tx.QueryRow(ctx, `SELECT generation, hash, rotations, clock_timestamp() FROM refresh_tokens WHERE authorization_id = $1 FOR UPDATE`, authorization).
		Scan(&f.generation, &hash, &rotations, &f.now)
	if errors.Is(err, pgx.ErrNoRows) {
		return family{}, invalidGrant()
	}
	if err != nil {
		return family{}, fmt.Errorf("read refresh tokens: %w", err)
	}
	f.hash = refresh.Hash(hash)
	if f.recent, err = decodeRotations(rotations); err != nil {
		return family{}, err
	}
	f.recent = slices.DeleteFunc(f.recent, func(r rotation) bool { return f.now.Sub(r.at) >= refreshGrace })
	return f, nil
}

// rotationOf returns the refresh with a token within the grace window.
func (f family) rotationOf(generation uint32, hash refresh.Hash) (rotation, bool) {
	n := slices.IndexFunc(f.recent, func(r rotation) bool { return r.generation == generation && r.hash == hash })
	if n < 0 {
		return rotation{}, false
	}
	return f.recent[n], true
}

// hashOf is the hash of a generation that is the newest or was refreshed within the window.
func (f family) hashOf(generation uint32) refresh.Hash {
	for _, r := range f.recent {
		if r.generation == generation {
			return r.hash
		}
	}
	return f.hash
}

// rotate replaces the newest token.
func (f family) rotate(ctx context.Context, tx pgx.Tx, authorization uuid.UUID, made rotation, generation uint32, hash refresh.Hash) error {
	var rotations []byte
	for _, r := range append(f.recent[max(0, len(f.recent)-maxRotations+1):], made) {
		rotations = r.append(rotations)
	}
	_, err := tx.Exec(ctx, `UPDATE refresh_tokens SET generation = $2, hash = $3, rotations = $4, rotated_at = $5 WHERE authorization_id = $1`,
		authorization, generation, hash[:], rotations, made.at)
	if err != nil {
		return fmt.Errorf("rotate a refresh token: %w", err)
	}
	return nil
}

// beginFamily makes the first refresh token of a new authorization.
func (s *Service) beginFamily(ctx context.Context, tx pgx.Tx, authorization uuid.UUID) (refresh.Token, error) {
	first, err := s.refreshes.Draw(s.random, authorization, 1)
	if err != nil {
		return refresh.Token{}, err
	}
	hash, err := s.refreshes.Hash(first)
	if err != nil {
		return refresh.Token{}, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO refresh_tokens (authorization_id, generation, hash) VALUES ($1, $2, $3)`, authorization, first.Generation, hash[:]); err != nil {
		return refresh.Token{}, fmt.Errorf("insert a refresh token: %w", err)
	}
	return first, nil
}
