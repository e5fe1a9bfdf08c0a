package main

import (
	"cmp"
	"encoding/json"
	"slices"
)

// file is a member of a chart; JSON has the content in base64.
type file struct {
	Name string `json:"name"`
	Data []byte `json:"data"`
}

// chart is what Helm has in hand after it loaded an archive, without times, and with everything
// sorted that Helm keeps in no order.
type chart struct {
	Metadata  json.RawMessage `json:"metadata"`
	Lock      json.RawMessage `json:"lock"`
	Values    json.RawMessage `json:"values"`
	Schema    []byte          `json:"schema"`
	Templates []file          `json:"templates"`
	Files     []file          `json:"files"`
	Charts    []*chart        `json:"charts"`
}

func (c *chart) sort() {
	byName := func(a, b file) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.Compare(a.Data, b.Data))
	}
	slices.SortFunc(c.Templates, byName)
	slices.SortFunc(c.Files, byName)
	slices.SortFunc(c.Charts, func(a, b *chart) int {
		return slices.Compare(a.Metadata, b.Metadata)
	})
}

// encode is json.Marshal, with the first failure kept in *err.
func encode(value any, err *error) json.RawMessage {
	encoded, failure := json.Marshal(value)
	if failure != nil && *err == nil {
		*err = failure
	}
	return encoded
}
