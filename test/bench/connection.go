package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
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
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < len("HTTP/1.1 200\r\n") {
		return 0, nil, errors.New("an answer that is not HTTP")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, fmt.Errorf("an answer without a status: %w", err)
	}
	length := 0
	for {
		if line, err = c.reader.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		if len(line) <= 2 {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, nil, err
			}
		} else if bytes.HasPrefix(line, []byte("Transfer-Encoding:")) {
			return 0, nil, errors.New("an answer in chunks, which this does not read")
		}
	}
	if length > 0 {
		body = make([]byte, length)
		_, err = io.ReadFull(c.reader, body)
	}
	return status, body, err
}
