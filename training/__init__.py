"""Train landmark networks on a host: data, augmentation, teachers, students, evaluation."""
