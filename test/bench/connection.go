package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const answerWait = 10 * time.Second

// connection sends one request again and again and reads just enough of each
// answer to know where it ends. Generator and server share the processors here:
// an HTTP client that makes objects of headers would be measured with what it
// asks, and the more so the more an answer says.
type connection struct {
	conn          net.Conn
	reader        *bufio.Reader
	before, after []byte // of the token
	request       []byte
}

func (l load) connect() (*connection, error) {
	u, err := url.Parse(l.url)
	if err != nil {
		return nil, err
	}
	conn, err := net.DialTimeout("tcp", u.Host, answerWait)
	if err != nil {
		return nil, err
	}
	c := &connection{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10)}
	c.before = fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n", l.method, u.RequestURI(), u.Host)
	if l.body != nil {
		media := "application/json"
		if l.form {
			media = "application/x-www-form-urlencoded"
		}
		c.before = fmt.Appendf(c.before, "Content-Type: %s\r\nContent-Length: %d\r\n", media, len(l.body))
	}
	switch {
	case l.basic != "":
		c.before = fmt.Appendf(c.before, "Authorization: Basic %s", base64.StdEncoding.EncodeToString([]byte(l.basic)))
	case l.token != "" || len(l.tokens) > 0:
		c.before = append(c.before, "Authorization: Bearer "...)
	default:
		c.before = append(c.before, "Accept: */*"...)
	}
	c.after = append([]byte("\r\n\r\n"), l.body...)
	return c, nil
}

// do sends the request with a token and gives the status and the body of the answer.
func (c *connection) do(token string) (status int, body []byte, err error) {
	c.request = append(append(append(c.request[:0], c.before...), token...), c.after...)
	_ = c.conn.SetDeadline(time.Now().Add(answerWait))
	if _, err := c.conn.Write(c.request); err != nil {
		return 0, nil, err
	}
	head, err := c.head()
	if err != nil {
		return 0, nil, err
	}
	if len(head) < len("HTTP/1.1 200\r\n") {
		return 0, nil, errors.New("an answer that is not HTTP")
	}
	if status, err = strconv.Atoi(string(head[9:12])); err != nil {
		return 0, nil, fmt.Errorf("an answer without a status: %w", err)
	}
	length := 0
	if status != http.StatusNoContent { // which never has a body (RFC 9110, section 15.3.5)
		if length, err = contentLength(head); err != nil {
			return 0, nil, err
		}
	}
	_, _ = c.reader.Discard(len(head))
	if length > 0 {
		body = make([]byte, length)
		_, err = io.ReadFull(c.reader, body)
	}
	return status, body, err
}

// head gives status line and headers, and leaves them in the buffer.
func (c *connection) head() ([]byte, error) {
	for want := 1; ; want = c.reader.Buffered() + 1 {
		if _, err := c.reader.Peek(want); err != nil {
			return nil, err
		}
		read, _ := c.reader.Peek(c.reader.Buffered())
		if end := bytes.Index(read, []byte("\r\n\r\n")); end >= 0 {
			return read[:end+4], nil
		}
	}
}

func contentLength(head []byte) (int, error) {
	_, after, found := bytes.Cut(head, []byte("\r\nContent-Length: "))
	if !found {
		return 0, errors.New("an answer of unknown length")
	}
	value, _, _ := bytes.Cut(after, []byte("\r\n"))
	return strconv.Atoi(string(value))
}
