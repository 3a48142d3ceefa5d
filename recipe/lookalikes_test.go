package recipe

import (
	"slices"
	"testing"
)

// hardened makes a tiny recipe look for look-alikes every six of its 20 steps.
func hardened(r Recipe) Recipe {
	r.Settings.Refresh, r.Settings.Hard, r.Settings.Together = 6, 0.5, 3
	return r
}

// hardRecipes are one of every kind of batch: classes of alphabets, identities, pairs.
func hardRecipes() []Recipe {
	koch := tinyKoch()
	koch.Settings.Steps, koch.Settings.Every = 14, 5
	return []Recipe{hardened(tiny()), hardened(tinyFaces(FacesTriplet())), hardened(koch)}
}

func TestResumedHardTrainingIsThatOfAnUnbrokenOne(t *testing.T) {
	b, set := backend(t), few(t)
	for _, r := range hardRecipes() {
		whole := trained(t, r, Job{Backend: b, Background: set, Seed: 3})
		for _, after := range []int{6, 10} { // at a look, and between two
			job := Job{Backend: b, Background: set, Seed: 3, Checkpoint: t.TempDir() + "/checkpoint"}
			first := walk(t, r, job, after)
			job.Resume = true
			rest := trained(t, r, job)
			if got := slices.Concat(first.losses(), rest.losses()); !slices.Equal(got, whole.losses()) {
				t.Errorf("%s: losses of a training resumed after step %d are %v, want %v", r.Name, after, got, whole.losses())
			}
		}
		plain := r
		plain.Settings.Hard = 0
		if other := trained(t, plain, Job{Backend: b, Background: set, Seed: 3}); slices.Equal(other.losses(), whole.losses()) {
			t.Errorf("%s: hard examples have the losses of random ones", r.Name)
		}
	}
}
