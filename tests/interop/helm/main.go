// Command helm-oracle answers what the real Helm makes of charts: many jobs per process, so that
// tests can ask thousands of questions.
//
// A job on standard input, and its answer on standard output, are two frames each: a JSON object
// and a body of bytes, each led by its length as four bytes, big-endian. {"error": "..."} is the
// answer where Helm refuses. Nothing here decides anything about charts: it drives Helm's exported
// functions as `helm package` and `helm push` do.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"time"
	"unicode"

	"github.com/Masterminds/semver/v3"
)

// job is one question. The body is an archive where the operation takes one.
type job struct {
	Op         string    `json:"op"`
	Helm       int       `json:"helm"`       // 3 or 4
	Created    time.Time `json:"created"`    // push, build: modification time of the archive
	Path       string    `json:"path"`       // package, build: the chart's directory
	Version    string    `json:"version"`    // package: --version
	AppVersion string    `json:"appVersion"` // package: --app-version
	Constraint string    `json:"constraint"` // check
	Versions   []string  `json:"versions"`   // check
}

// pushed is what `helm push` sends.
type pushed struct {
	Repository string `json:"repository"`
	Tag        string `json:"tag"`
	Config     string `json:"config"`
	Manifest   string `json:"manifest"`
}

// helm is one version of Helm.
type helm interface {
	// push sends the archive at path to the registry, whose host is HOST.
	push(path string, to *registry) error
	// pack packages a directory and returns the path of the archive, in directory to.
	pack(j *job, to string) (string, error)
	// load reads an archive as `helm install` does.
	load(archive []byte) (*chart, error)
}

const host = "registry.invalid"

var helms = map[int]helm{}

var errUnknown = errors.New("unknown job")

func readFrame(r io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(r, length[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(r, frame)
	return frame, err
}

func writeFrame(w *bufio.Writer, frame []byte) {
	var length [4]byte
	binary.BigEndian.PutUint32(length[:], uint32(len(frame)))
	w.Write(length[:])
	w.Write(frame)
}

func doPush(j *job, body []byte, scratch string) (*pushed, error) {
	path := filepath.Join(scratch, "chart.tgz")
	if err := os.WriteFile(path, body, 0o600); err != nil {
		log.Fatal(err)
	}
	if err := os.Chtimes(path, j.Created, j.Created); err != nil {
		log.Fatal(err)
	}
	to := newRegistry()
	if err := helms[j.Helm].push(path, to); err != nil {
		return nil, err
	}
	return to.tagged()
}

func doPackage(j *job, scratch string) ([]byte, error) {
	path, err := helms[j.Helm].pack(j, scratch)
	if err != nil {
		return nil, err
	}
	defer os.Remove(path)
	return os.ReadFile(path)
}

// printRanges lists the code points of unicode.IsPrint as pairs of first and last.
func printRanges() [][2]rune {
	var ranges [][2]rune
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsPrint(r) {
			continue
		}
		if n := len(ranges); n > 0 && ranges[n-1][1] == r-1 {
			ranges[n-1][1] = r
		} else {
			ranges = append(ranges, [2]rune{r, r})
		}
	}
	return ranges
}

// check tells for each version whether it satisfies the constraint: 1, 0, or x for what is none.
func check(j *job) (string, error) {
	constraint, err := semver.NewConstraint(j.Constraint)
	if err != nil {
		return "", err
	}
	verdicts := make([]byte, len(j.Versions))
	for i, text := range j.Versions {
		version, err := semver.NewVersion(text)
		switch {
		case err != nil:
			verdicts[i] = 'x'
		case constraint.Check(version):
			verdicts[i] = '1'
		default:
			verdicts[i] = '0'
		}
	}
	return string(verdicts), nil
}

// answer does one job. A panic inside Helm is a refusal, and is told apart by its text.
func answer(j *job, body []byte, scratch string) (result any, out []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	switch j.Op {
	case "push":
		result, err = doPush(j, body, scratch)
	case "package":
		result = struct{}{}
		out, err = doPackage(j, scratch)
	case "build": // both, as a person would
		if out, err = doPackage(j, scratch); err == nil {
			result, err = doPush(j, out, scratch)
		}
	case "load":
		result, err = helms[j.Helm].load(body)
	case "check":
		var verdicts string
		verdicts, err = check(j)
		result = map[string]string{"verdicts": verdicts}
	case "print":
		result = map[string]any{"ranges": printRanges()}
	default:
		err = errUnknown
	}
	return result, out, err
}

func serve(in io.Reader, w *bufio.Writer, scratch string) error {
	for {
		head, err := readFrame(in)
		if errors.Is(err, io.EOF) {
			return w.Flush()
		}
		if err != nil {
			return err
		}
		body, err := readFrame(in)
		if err != nil {
			return err
		}
		var j job
		if err := json.Unmarshal(head, &j); err != nil {
			return err
		}
		result, out, err := answer(&j, body, scratch)
		if errors.Is(err, errUnknown) {
			return err
		}
		if err != nil {
			result, out = map[string]string{"error": err.Error()}, nil
		}
		encoded, err := json.Marshal(result)
		if err != nil {
			return err
		}
		writeFrame(w, encoded)
		writeFrame(w, out)
		if err := w.Flush(); err != nil {
			return err
		}
	}
}

func main() {
	time.Local = time.UTC
	log.SetFlags(0)
	scratch, err := os.MkdirTemp("", "helm-oracle-")
	if err != nil {
		log.Fatal(err)
	}
	// Helm talks of links and of requirements.yaml, which no test wants to read.
	slog.SetDefault(slog.New(slog.DiscardHandler))
	log.SetOutput(io.Discard)
	err = serve(bufio.NewReader(os.Stdin), bufio.NewWriter(os.Stdout), scratch)
	os.RemoveAll(scratch)
	if err != nil {
		fmt.Fprintln(os.Stderr, "helm-oracle:", err)
		os.Exit(1)
	}
}
