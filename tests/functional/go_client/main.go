// SPDX-License-Identifier: Apache-2.0

// What Go's own client thinks of a server: each check is one line on standard output, "ok NAME" or
// "FAIL NAME: why". Usage: client http://HOST:PORT
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strings"
	"time"
)

var (
	base   = strings.TrimSuffix(os.Args[len(os.Args)-1], "/")
	client = &http.Client{Timeout: 60 * time.Second}
	failed bool
)

// unsized hides how long a body is, so that it goes out in chunks.
type unsized struct{ io.Reader }

// ask gives the answer, its content and whether the connection had been used before.
func ask(method, target string, body io.Reader, header ...string) (
	*http.Response, []byte, bool, error) {
	request, err := http.NewRequest(method, base+target, body)
	if err != nil {
		return nil, nil, false, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	reused := false
	context := httptrace.WithClientTrace(request.Context(), &httptrace.ClientTrace{
		GotConn: func(got httptrace.GotConnInfo) { reused = got.Reused },
	})
	answer, err := client.Do(request.WithContext(context))
	if err != nil {
		return nil, nil, false, err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	return answer, content, reused, err
}

func expect(status int, want []byte, answer *http.Response, content []byte, err error) error {
	switch {
	case err != nil:
		return err
	case answer.StatusCode != status:
		return fmt.Errorf("status %d, not %d", answer.StatusCode, status)
	case want != nil && !bytes.Equal(content, want):
		return fmt.Errorf("%d octets, not the %d expected", len(content), len(want))
	}
	return nil
}

func keepAlive() error {
	for i := 0; i < 50; i++ {
		answer, content, reused, err := ask("GET", "/hello", nil)
		if err := expect(200, []byte("hello\n"), answer, content, err); err != nil {
			return err
		}
		if i > 0 && !reused {
			return fmt.Errorf("request %d came over a new connection", i)
		}
	}
	return nil
}

func closes() error {
	for i := 0; i < 2; i++ {
		answer, content, _, err := ask("GET", "/version", nil, "Connection", "close")
		if err := expect(200, nil, answer, content, err); err != nil {
			return err
		}
		if !answer.Close {
			return fmt.Errorf("the answer does not say that it closes")
		}
	}
	return nil
}

func chunkedEcho() error {
	for _, size := range []int{0, 1, 4096, 1 << 20} {
		want := bytes.Repeat([]byte("\x00a\r\n"), size/4+1)[:size]
		answer, content, _, err := ask("POST", "/echo", unsized{bytes.NewReader(want)})
		if err := expect(200, want, answer, content, err); err != nil {
			return fmt.Errorf("%d octets: %w", size, err)
		}
	}
	return nil
}

func expectContinue() error {
	want := bytes.Repeat([]byte("x"), 300_000)
	answer, content, _, err := ask("POST", "/echo", bytes.NewReader(want), "Expect", "100-continue")
	return expect(200, want, answer, content, err)
}

func head() error {
	answer, content, _, err := ask("HEAD", "/bytes/1234", nil)
	if err := expect(200, []byte{}, answer, content, err); err != nil {
		return err
	}
	if answer.ContentLength != 1234 {
		return fmt.Errorf("Content-Length %d, not 1234", answer.ContentLength)
	}
	return nil
}

func large() error {
	answer, content, _, err := ask("GET", "/bytes/1048576", nil)
	return expect(200, bytes.Repeat([]byte("x"), 1<<20), answer, content, err)
}

func errors() error {
	for _, one := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/nothing", 404},
		{"DELETE", "/hello", 405},
		{"BREW", "/hello", 501},
		{"GET", "/status/503", 503},
		{"GET", "/status/204", 204},
	} {
		answer, content, _, err := ask(one.method, one.target, nil)
		if err := expect(one.status, nil, answer, content, err); err != nil {
			return fmt.Errorf("%s %s: %w", one.method, one.target, err)
		}
	}
	return nil
}

func check(name string, run func() error) {
	if err := run(); err != nil {
		fmt.Printf("FAIL %s: %v\n", name, err)
		failed = true
		return
	}
	fmt.Printf("ok %s\n", name)
}

func main() {
	check("keep-alive", keepAlive)
	check("close", closes)
	check("chunked echo", chunkedEcho)
	check("100-continue", expectContinue)
	check("HEAD", head)
	check("large body", large)
	check("errors", errors)
	if failed {
		os.Exit(1)
	}
}
