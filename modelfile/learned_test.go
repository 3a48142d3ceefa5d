package modelfile

import (
	"fmt"
	"testing"
)

func TestLearnedKnowsItsNamesAndNoOthers(t *testing.T) {
	var names []string
	for i := range 4000 {
		names = append(names, fmt.Sprintf("person %d", i))
	}
	first := NewLearned(nil, names[:1000]...)
	all := NewLearned(first, append(names[900:], names[0])...)
	if len(all) != 4*len(names) {
		t.Errorf("%d bytes for %d names, want 4 for each", len(all), len(names))
	}
	for i, name := range names {
		if !all.Has(name) || first.Has(name) != (i < 1000) {
			t.Fatalf("Has(%s) = %v, of the first thousand %v", name, all.Has(name), first.Has(name))
		}
	}
	wrong := 0
	for i := range 100000 {
		if all.Has(fmt.Sprintf("stranger %d", i)) {
			wrong++
		}
	}
	if wrong > 2 {
		t.Errorf("%d of 100,000 strangers count as learned, want hardly any", wrong)
	}
	if Learned(nil).Has("anybody") || (Learned{1, 2}).Has("anybody") {
		t.Error("nothing knows somebody")
	}
}

func TestModelFilesRememberWhatWasLearned(t *testing.T) {
	f := example()
	plain := f.Hash
	f.Provenance.Learned = NewLearned(nil, "ada", "bo")
	again := read(t, written(t, f))
	if l := again.Provenance.Learned; !l.Has("ada") || !l.Has("bo") || l.Has("cy") || again.Hash != plain {
		t.Errorf("the file has learned %x with hash %s, want ada and bo, and the hash %s of the model without", l, again.Hash, plain)
	}
}
