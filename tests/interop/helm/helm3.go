package main

import (
	"bytes"
	"net/http"

	"oras.land/oras-go/v2/registry/remote/auth"

	"helm.sh/helm/v3/pkg/action"
	v3chart "helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/pusher"
	v3registry "helm.sh/helm/v3/pkg/registry"
)

type helm3 struct{}

func init() {
	helms[3] = helm3{}
}

func (helm3) push(path string, to *registry) error {
	client, err := v3registry.NewClient(v3registry.ClientOptAuthorizer(
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

func (helm3) pack(j *job, to string) (string, error) {
	p := action.NewPackage()
	p.Destination = to
	p.Version = j.Version
	p.AppVersion = j.AppVersion
	return p.Run(j.Path, nil)
}

func (helm3) load(archive []byte) (*chart, error) {
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, err
	}
	return chartOf3(loaded)
}

func chartOf3(loaded *v3chart.Chart) (*chart, error) {
	var err error
	c := &chart{
		Metadata:  encode(loaded.Metadata, &err),
		Lock:      encode(loaded.Lock, &err),
		Values:    encode(loaded.Values, &err),
		Schema:    loaded.Schema,
		Templates: filesOf3(loaded.Templates),
		Files:     filesOf3(loaded.Files),
	}
	for _, dependency := range loaded.Dependencies() {
		inner, failure := chartOf3(dependency)
		if failure != nil {
			return nil, failure
		}
		c.Charts = append(c.Charts, inner)
	}
	c.sort()
	return c, err
}

func filesOf3(files []*v3chart.File) []file {
	var out []file
	for _, f := range files {
		out = append(out, file{f.Name, f.Data})
	}
	return out
}
