// A cloud of points is filtered by PCL, and its heights go through a memory. Without longstate (-DALONE) they are summed.

#include <pcl/filters/voxel_grid.h>
#include <pcl/kdtree/kdtree_flann.h>
#include <pcl/point_cloud.h>
#include <pcl/point_types.h>
#ifndef ALONE
#include <longstate/longstate.hpp>
#endif

#include <cmath>
#include <cstdio>

int main() {
  pcl::PointCloud<pcl::PointXYZ>::Ptr cloud(new pcl::PointCloud<pcl::PointXYZ>);
  for (int k = 0; k < 4000; ++k) {
    const float t = 0.001F * float(k);
    cloud->push_back(pcl::PointXYZ(t, std::sin(6 * t), std::cos(5 * t)));
  }
  pcl::PointCloud<pcl::PointXYZ> few;
  pcl::VoxelGrid<pcl::PointXYZ> grid;
  grid.setInputCloud(cloud);
  grid.setLeafSize(0.01F, 0.01F, 0.01F);
  grid.filter(few);
  pcl::KdTreeFLANN<pcl::PointXYZ> tree;
  tree.setInputCloud(cloud);
  pcl::Indices near(3);
  std::vector<float> distances(3);
  tree.nearestKSearch(few.points.front(), 3, near, distances);
  double error = 0;
#ifndef ALONE
  namespace ls = longstate;
  ls::Memory<float> memory(ls::LegT{.window = 1}, {.order = 32, .dt = 1e-3});
  Eigen::MatrixXf heights(1, Eigen::Index(cloud->size()));
  for (std::size_t k = 0; k < cloud->size(); ++k) heights(0, Eigen::Index(k)) = (*cloud)[k].z;
  memory.push_block(heights);
  const Eigen::VectorXf past = memory.reconstruct(Eigen::VectorXd::LinSpaced(5, 0.1, 0.5));
  for (Eigen::Index i = 0; i < 5; ++i)
    error = std::max(error, double(std::abs(past(i) - heights(3999 - 100 * (i + 1)))));
#endif
  const bool good = few.size() > 100 && near[0] < 4000 && error < 1e-3;
  std::puts(good ? "ok" : "wrong");
  return good ? 0 : 1;
}
