package main

import (
	"bytes"
	"net/http"

	"oras.land/oras-go/v2/registry/remote/auth"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/common"
	v4chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/pusher"
	v4registry "helm.sh/helm/v4/pkg/registry"
)

type helm4 struct{}

func init() {
	helms[4] = helm4{}
}

func (helm4) push(path string, to *registry) error {
	client, err := v4registry.NewClient(v4registry.ClientOptAuthorizer(
		auth.Client{Client: &http.Client{Transport: to}}))
	if err != nil {
		return err
	}
	p, err := pusher.NewOCIPusher(pusher.WithRegistryClient(client))
	if err != nil {
		return err
	}
	return p.Push(path, "oci://"+host)
}

func (helm4) pack(j *job, to string) (string, error) {
	p := action.NewPackage()
	p.Destination = to
	p.Version = j.Version
	p.AppVersion = j.AppVersion
	return p.Run(j.Path, nil)
}

func (helm4) load(archive []byte) (*chart, error) {
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	return chartOf4(loaded)
}

func chartOf4(loaded *v4chart.Chart) (*chart, error) {
	var err error
	c := &chart{
		Metadata:  encode(loaded.Metadata, &err),
		Lock:      encode(loaded.Lock, &err),
		Values:    encode(loaded.Values, &err),
		Schema:    loaded.Schema,
		Templates: filesOf4(loaded.Templates),
		Files:     filesOf4(loaded.Files),
	}
	for _, dependency := range loaded.Dependencies() {
		inner, failure := chartOf4(dependency)
		if failure != nil {
			return nil, failure
		}
		c.Charts = append(c.Charts, inner)
	}
	c.sort()
	return c, err
}

func filesOf4(files []*common.File) []file {
	var out []file
	for _, f := range files {
		out = append(out, file{f.Name, f.Data})
	}
	return out
}
