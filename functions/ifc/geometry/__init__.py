"""The one geometry stream: kernels, our own meshers, meshes, measures, glTF."""
