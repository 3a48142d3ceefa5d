package gallery_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/siam-go/siam/gallery"
)

// busy is a store in which somebody else is quicker: before the first change that is asked for, it makes another.
type busy struct {
	gallery.Store
	first func()
}

func (b *busy) Apply(ctx context.Context, c gallery.Change) error {
	if b.first != nil {
		first := b.first
		b.first = nil
		first()
	}
	return b.Store.Apply(ctx, c)
}

func TestTwoProgramsMayImportTheSameAtOnce(t *testing.T) {
	from, _ := made(t)
	enroll(t, from, image("a", 1, 1), image("b", 2, 2), image("c", 3, 3))
	var all, part bytes.Buffer
	if err := from.Export(t.Context(), &all, ""); err != nil {
		t.Fatal(err)
	}
	if err := from.Export(t.Context(), &part, "b"); err != nil {
		t.Fatal(err)
	}
	store := &busy{Store: gallery.Memory()}
	g, err := gallery.Create(t.Context(), store, planar(), settingsOf("g", gallery.Watch))
	if err != nil {
		t.Fatal(err)
	}
	other, err := gallery.Open(t.Context(), store.Store, "g", planar())
	if err != nil {
		t.Fatal(err)
	}
	store.first = func() {
		if done, err := other.Import(t.Context(), &part); err != nil || done.Entries != 1 {
			t.Errorf("the quicker import = %+v, %v, want 1 entry", done, err)
		}
	}
	done, err := g.Import(t.Context(), &all)
	if err != nil || done.Entries != 2 || done.Already != 1 || len(idsOf(t, g)) != 3 {
		t.Errorf("Import beside another = %+v, %v, %d ids, want 2 entries, 1 there already, and 3 ids", done, err, len(idsOf(t, g)))
	}
}
