"""What touches the world, behind the ports: files, activities, the clock."""
