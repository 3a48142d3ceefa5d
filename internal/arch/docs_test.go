package arch

import (
	"os"
	"path/filepath"
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

func TestDocsNameFilesThatExist(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("found %d pages, error %v", len(pages), err)
	}
	named := 0
	for _, page := range pages {
		for _, match := range regexp.MustCompile("`([a-z0-9_./-]+/[a-z0-9_*-]+\\.go)`").FindAllStringSubmatch(read(t, strings.TrimPrefix(page, "../../")), -1) {
			named++
			if files, err := filepath.Glob("../../" + match[1]); err != nil || len(files) == 0 {
				t.Errorf("%s names %s, which does not exist", page, match[1])
			}
		}
	}
	if named < 10 {
		t.Errorf("found the names of %d files, want those of the walk at least", named)
	}
}
