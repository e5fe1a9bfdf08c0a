// Command referrers-registry serves go-containerregistry's own registry, in memory, on the loopback:
// the one real registry at hand that has the referrers API.
//
//	referrers-registry [-referrers=false] [-subject]
//
// The first line on stdout is the address it listens on; each further one is a request that it has
// answered: method, path with query, status. It ends when its standard input does.
//
// Left alone this registry offers the API and yet never answers OCI-Subject, which a client has to
// survive; -subject adds the header, as the specification demands.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/google/go-containerregistry/pkg/registry"
)

// recorder remembers the status, and adds OCI-Subject where a manifest was taken.
type recorder struct {
	http.ResponseWriter
	status  int
	subject string
}

func (r *recorder) WriteHeader(status int) {
	if status == http.StatusCreated && r.subject != "" {
		r.Header().Set("OCI-Subject", r.subject)
	}
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

// subjectOf gives the digest of a manifest's subject, or "", and leaves the body as it was.
func subjectOf(request *http.Request) (string, error) {
	if request.Method != http.MethodPut || !strings.Contains(request.URL.Path, "/manifests/") {
		return "", nil
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return "", err
	}
	request.Body = io.NopCloser(bytes.NewReader(body))
	var manifest struct {
		Subject struct {
			Digest string `json:"digest"`
		} `json:"subject"`
	}
	if json.Unmarshal(body, &manifest) != nil {
		return "", nil // the registry's to refuse
	}
	return manifest.Subject.Digest, nil
}

func main() {
	referrers := flag.Bool("referrers", true, "offer the referrers API")
	subject := flag.Bool("subject", false, "answer OCI-Subject")
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	handler := registry.New(registry.WithReferrersSupport(*referrers),
		registry.Logger(log.New(io.Discard, "", 0)))
	var mutex sync.Mutex // one line at a time
	serve := func(w http.ResponseWriter, r *http.Request) {
		method, target := r.Method, r.URL.RequestURI()
		recording := &recorder{ResponseWriter: w, status: http.StatusOK}
		if *subject {
			var err error
			if recording.subject, err = subjectOf(r); err != nil {
				return
			}
		}
		handler.ServeHTTP(recording, r)
		mutex.Lock()
		defer mutex.Unlock()
		fmt.Println(method, target, recording.status)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(http.Serve(listener, http.HandlerFunc(serve)))
}
