package arch

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

func read(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// found is what the only group of a pattern matches.
func found(t *testing.T, name, pattern string) string {
	t.Helper()
	match := regexp.MustCompile(pattern).FindStringSubmatch(read(t, name))
	if match == nil {
		t.Fatalf("%s has nothing like %s", name, pattern)
	}
	return match[1]
}

func TestReadmeNamesTheGoOfTheModule(t *testing.T) {
	want := found(t, "go.mod", `(?m)^go ([0-9.]+)$`)
	if got := found(t, "README.md", `Go \(([0-9.]+) or newer\)`); got != want {
		t.Errorf("README.md asks for Go %s, go.mod for %s", got, want)
	}
}

func TestArchitectureListsEveryPackage(t *testing.T) {
	page := read(t, "docs/architecture.md")
	for pkg := range projectImports(t, "../..") {
		for _, names := range floors {
			for _, name := range names {
				if name == pkg && name != "." && name != "internal/arch" && !strings.Contains(page, "`"+name+"`") {
					t.Errorf("docs/architecture.md does not mention package %s", name)
				}
			}
		}
	}
}
