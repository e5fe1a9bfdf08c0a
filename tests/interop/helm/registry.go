package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// registry is an OCI registry without a network: the transport of Helm's HTTP client. It remembers
// what was sent.
type registry struct {
	mutex     sync.Mutex // oras sends blobs side by side
	blobs     map[string][]byte
	manifests map[string][]byte // by digest and by tag
	types     map[string]string
	// Of the last manifest that was put under a tag:
	repository string
	tag        string
}

func newRegistry() *registry {
	return &registry{
		blobs:     map[string][]byte{},
		manifests: map[string][]byte{},
		types:     map[string]string{},
	}
}

func digestOf(content []byte) string {
	return fmt.Sprintf("sha256:%x", sha256.Sum256(content))
}

func respond(r *http.Request, status int, header http.Header, body []byte) *http.Response {
	if header == nil {
		header = http.Header{}
	}
	response := &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: header,
		ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body)),
	}
	if r.Method == http.MethodHead {
		response.Body = http.NoBody
	}
	return response
}

// RoundTrip implements http.RoundTripper.
func (g *registry) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		defer r.Body.Close()
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/v2/")
	if name, reference, found := strings.Cut(path, "/manifests/"); found {
		return g.manifest(r, name, reference, body), nil
	}
	if _, digest, found := strings.Cut(path, "/blobs/uploads/"); found {
		return g.upload(r, digest, body), nil
	}
	if _, digest, found := strings.Cut(path, "/blobs/"); found {
		if content, known := g.blobs[digest]; known {
			return respond(r, http.StatusOK, nil, content), nil
		}
	}
	return respond(r, http.StatusNotFound, nil, nil), nil
}

func (g *registry) upload(r *http.Request, _ string, body []byte) *http.Response {
	if r.Method == http.MethodPost {
		location := http.Header{"Location": {r.URL.Path + "1"}}
		return respond(r, http.StatusAccepted, location, nil)
	}
	g.blobs[r.URL.Query().Get("digest")] = body
	return respond(r, http.StatusCreated, nil, nil)
}

func (g *registry) manifest(r *http.Request, name, reference string, body []byte) *http.Response {
	if r.Method == http.MethodPut {
		digest := digestOf(body)
		for _, key := range []string{digest, reference} {
			g.manifests[key] = body
			g.types[key] = r.Header.Get("Content-Type")
		}
		if reference != digest {
			g.repository, g.tag = name, reference
		}
		return respond(r, http.StatusCreated, http.Header{"Docker-Content-Digest": {digest}}, nil)
	}
	content, known := g.manifests[reference]
	if !known {
		return respond(r, http.StatusNotFound, nil, nil)
	}
	return respond(r, http.StatusOK, http.Header{
		"Content-Type":          {g.types[reference]},
		"Docker-Content-Digest": {digestOf(content)},
	}, content)
}

// tagged returns the manifest under the tag that was put last, with its config.
func (g *registry) tagged() (*pushed, error) {
	manifest, known := g.manifests[g.tag]
	if !known {
		return nil, errors.New("nothing was pushed")
	}
	var content struct {
		Config struct {
			Digest string `json:"digest"`
		} `json:"config"`
	}
	if err := json.Unmarshal(manifest, &content); err != nil {
		return nil, err
	}
	return &pushed{
		Repository: g.repository, Tag: g.tag,
		Config: string(g.blobs[content.Config.Digest]), Manifest: string(manifest),
	}, nil
}
