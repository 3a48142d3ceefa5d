package dataset

import "context"

// ReadLabelled reads a folder of labelled images to judge on, whichever its layout: alphabets of characters
// ([ReadEvaluation]), MNIST's files ([ReadIDX]) or identities ([ReadIdentities]).
func ReadLabelled(ctx context.Context, f Folder, o AlphabetOptions) (*Set, error) {
	if f.isIDX() {
		return ReadIDX(ctx, f)
	}
	half, err := f.half(evaluationFolder, backgroundFolder)
	if err != nil {
		return nil, err
	}
	found, err := half.List()
	if err != nil {
		return nil, err
	}
	l := layoutOf(found.Images)
	switch {
	case len(found.Images) > 0 && !l.alphabets:
		return ReadIdentities(ctx, half)
	case l.root != "":
		half = half.Sub(l.root)
	}
	return ReadAlphabets(ctx, half, o)
}
