package login_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/redis/go-redis/v9"
)

// wire is what was sent to both stores, without the values.
type wire struct {
	mu   sync.Mutex // guards sent
	sent []string
}

func (w *wire) add(line string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, line)
}

// during is what work sends.
func (w *wire) during(work func()) []string {
	w.take()
	work()
	return w.take()
}

func (w *wire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
}

// postgres puts the wire between a client and Postgres, and returns the URL for the client.
func (w *wire) postgres(t *testing.T, link string) string {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	target := u.Host
	u.Host = listener.Addr().String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			store, err := net.Dial("tcp", target)
			if err != nil {
				_ = client.Close()
				return
			}
			go forward(client, store)
			go func() {
				_ = w.relay(store, client)
				_ = store.Close()
			}()
		}
	}()
	return u.String()
}

func forward(client, store net.Conn) {
	_, _ = io.Copy(client, store)
	_ = client.Close()
}

// relay passes on what a client of Postgres sends: a message of its own form, then those with
// a type and a length (PostgreSQL, "Message Formats"). A message is noted before it is passed
// on, so that whoever has the answer finds it noted.
func (w *wire) relay(store io.Writer, client io.Reader) error {
	size := make([]byte, 4)
	if _, err := io.ReadFull(client, size); err != nil {
		return err
	}
	startup := io.MultiReader(bytes.NewReader(size), io.LimitReader(client, int64(binary.BigEndian.Uint32(size))-4))
	if _, err := io.Copy(store, startup); err != nil {
		return err
	}
	prepared := map[string]string{}
	for {
		head := make([]byte, 5)
		if _, err := io.ReadFull(client, head); err != nil {
			return err
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
		if _, err := io.ReadFull(client, body); err != nil {
			return err
		}
		if err := w.note(head[0], body, prepared); err != nil {
			return err
		}
		if _, err := store.Write(append(head, body...)); err != nil {
			return err
		}
	}
}

// note notes a message; prepared are the statements of the connection by their names.
func (w *wire) note(kind byte, body []byte, prepared map[string]string) error {
	switch kind {
	case 'Q':
		w.add("Postgres runs " + oneLine(strings.TrimRight(string(body), "\x00")))
	case 'P':
		var m pgproto3.Parse
		if err := m.Decode(body); err != nil {
			return err
		}
		prepared[m.Name] = oneLine(m.Query)
	case 'B':
		var m pgproto3.Bind
		if err := m.Decode(body); err != nil {
			return err
		}
		w.add("Postgres runs " + prepared[m.PreparedStatement])
	case 'S':
		w.add("Postgres is waited for")
	}
	return nil
}

func oneLine(sql string) string { return strings.Join(strings.Fields(sql), " ") }

// DialHook, ProcessHook and ProcessPipelineHook implement redis.Hook.
func (w *wire) DialHook(next redis.DialHook) redis.DialHook { return next }

func (w *wire) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		w.add("Redis runs " + cmd.Name())
		return next(ctx, cmd)
	}
}

func (w *wire) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		names := make([]string, len(cmds))
		for i, cmd := range cmds {
			names[i] = cmd.Name()
		}
		w.add("Redis runs " + strings.Join(names, ", "))
		return next(ctx, cmds)
	}
}
