"""MediaPipe's face mesh (Kartynnik et al. 2019; Apache-2.0), run in an environment of its own."""
