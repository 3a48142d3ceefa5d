package metric

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// The page lists every name as the program knows it.
func TestThePageListsWhatThereIs(t *testing.T) {
	text, err := os.ReadFile("../docs/add-a-loss.md")
	if err != nil {
		t.Fatal(err)
	}
	var parts []string
	for _, e := range lossEntries() {
		parts = append(parts, fmt.Sprintf("| `%s` | %s, %s, %s | %s |\n", e.name, e.usual.distance, e.usual.miner, e.usual.reducer, listed(e.parameters)))
	}
	for _, e := range minerEntries() {
		parts = append(parts, inText(e))
	}
	for _, e := range reducerEntries() {
		parts = append(parts, inText(e))
	}
	for _, d := range Distances() {
		parts = append(parts, "`"+d.Name+"`")
	}
	for _, part := range parts {
		if !strings.Contains(string(text), part) {
			t.Errorf("docs/add-a-loss.md lacks\n%s", part)
		}
	}
}

func inText[T any](e entry[T]) string {
	if len(e.parameters) == 0 {
		return "`" + e.name + "`"
	}
	return fmt.Sprintf("`%s` (%s)", e.name, listed(e.parameters))
}

func listed(parameters []parameter) string {
	var all []string
	for _, p := range parameters {
		all = append(all, fmt.Sprintf("%s %.3g", p.name, p.usual))
	}
	return strings.Join(all, ", ")
}
